"""What the other Pythons and the oldest dependencies are tested with: where they can make a difference.

The main leg runs every test, on one Python with the newest dependencies. A pure algorithm says the same on each of
them, and what takes long (kills, races, faults) does, too. These files touch what does differ: the standard library's
parsers and protocols, and each package that we depend on. A test that is `slow` is left out.
"""

EVERY_PYTHON = {
    "test_archive_cli": "sqlite3, fcntl, zipfile and json of the standard library; Click",
    "test_archive_folder": "the system's calls by os and pathlib",
    "test_archive_index": "sqlite3; psycopg",
    "test_archive_s3": "boto3",
    "test_batch": "multiprocessing and concurrent.futures; Click",
    "test_calendar": "datetime",
    "test_chain": "cryptography's X.509",
    "test_cli": "Click; the standard streams",
    "test_cluster": "distributed, fsspec",
    "test_docs": "the interpreter's own messages in examples",
    "test_ecdsa": "cryptography's keys",
    "test_feed": "xml and email.utils",
    "test_form": "WeasyPrint, fontTools",
    "test_frameworks": "Django, Flask, Starlette",
    "test_history": "datetime's ISO 8601, which later Pythons read more of",
    "test_identity": "cryptography's key files",
    "test_issue": "zlib; cryptography",
    "test_kms": "boto3",
    "test_ledger": "json, datetime",
    "test_levels": "cryptography; http.client",
    "test_names": "unicodedata, whose Unicode differs with each Python; uharfbuzz, fontTools, python-bidi",
    "test_package": "import, zipimport, importlib.resources",
    "test_parse": "Markdown; html.parser",
    "test_pkcs11": "python-pkcs11",
    "test_records_cli": "WeasyPrint, Markdown",
    "test_render": "Jinja2",
    "test_settings": "tomllib; Click",
    "test_sheets": "csv; openpyxl",
    "test_site": "http.server",
    "test_verify": "zlib; cryptography",
    "test_web": "email and http of the standard library",
}
