"""The desk: a web application for the people who issue, find and check copies (docs/desk.md).

Three processes: `web` answers browsers and has no key; `keeper` has the keys, the archive and the names; `checker`
reads files that strangers made, and has neither keys nor a network. `launcher` starts them and starts them again.
"""
