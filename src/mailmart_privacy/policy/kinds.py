"""Literal types for words with a fixed set of values, made when something asks for them.

Frameworks evaluate annotations such as `kinds.Change` at run time, and need `typing` then. Reading the policy does not
need these types, and importing `typing` would make it a fifth slower.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    BlockType = Literal["paragraph", "heading", "list"]
    Change = Literal["material", "editorial"]  # how a version differs from the one before it

MATERIAL: "Change" = "material"  # people have to be told
EDITORIAL: "Change" = "editorial"  # only the wording changed
CHANGE_KINDS = (MATERIAL, EDITORIAL)

if not TYPE_CHECKING:
    _VALUES = {"BlockType": ("paragraph", "heading", "list"), "Change": CHANGE_KINDS}

    def __getattr__(name):
        if name not in _VALUES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from typing import Literal

        globals()[name] = value = Literal[_VALUES[name]]
        return value
