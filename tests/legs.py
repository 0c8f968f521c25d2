"""What `make test` tests with other Pythons, and with the oldest and newest dependencies, and what is begun first.

The main leg runs every test, on one Python with the locked dependencies. A pure algorithm says the same everywhere, and
so does what takes long (kills, races, faults). These files touch what does differ. A test that is `slow` is left out.
"""

PYTHONS = {
    "test_archive_folder": "the system's calls by os and pathlib; fcntl",
    "test_archive_index": "sqlite3",
    "test_batch": "multiprocessing and concurrent.futures",
    "test_calendar": "datetime",
    "test_cli": "the standard streams",
    "test_docs": "the interpreter's own messages in examples",
    "test_feed": "xml and email.utils",
    "test_history": "datetime's ISO 8601, which later Pythons read more of",
    "test_issue": "zlib, hashlib",
    "test_ledger": "json, datetime",
    "test_names": "unicodedata, whose Unicode differs with each Python",
    "test_package": "import, zipimport, importlib.resources",
    "test_parse": "html.parser",
    "test_settings": "tomllib",
    "test_sheets": "csv, zipfile",
    "test_site": "http.server",
    "test_verify": "zlib, hashlib",
    "test_web": "email and http",
}
DEPENDENCIES = {
    "test_archive_s3": "boto3",
    "test_batch": "Click, filelock",
    "test_chain": "cryptography's X.509",
    "test_cli": "Click",
    "test_cluster": "distributed, fsspec",
    "test_ecdsa": "cryptography's keys",
    "test_form": "WeasyPrint, fontTools",
    "test_frameworks": "Django, Flask, Starlette",
    "test_identity": "cryptography's key files",
    "test_issue": "cryptography",
    "test_kms": "boto3",
    "test_ledger": "Markdown, WeasyPrint: the records are the same bytes",
    "test_levels": "cryptography's OCSP, CRL and PKCS#7",
    "test_names": "uharfbuzz, fontTools, python-bidi",
    "test_parse": "Markdown",
    "test_pkcs11": "python-pkcs11",
    "test_render": "Jinja2",
    "test_settings": "Click",
    "test_sheets": "openpyxl",
}
# What takes 20 seconds or more, the longest first. Were one of these begun last, all but one core would wait for it.
LONG = (
    "test_cluster",
    "test_desk_shared",
    "test_archive_s3",
    "test_records_cli",
    "test_frameworks",
    "test_archive_faults",
    "test_docs",
    "test_checking_servers",
    "test_archive_s3_recovery",
    "test_interrupts",
    "test_archive_index",
    "test_acknowledgement_examples",
)
