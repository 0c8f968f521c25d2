"""Draw page 1 of a copy as it is now, for the README: python tools/picture.py

It needs Poppler (pdftoppm), as the tests do. The copy is signed with a key that is thrown away.
"""

import datetime
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

import mailmart_privacy as privacy
from mailmart_privacy import keys

TARGET = Path(__file__).parents[1] / "docs" / "page-1.png"
RESOLUTION = 110
COLOURS = 64


def main() -> None:
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    identity = keys.create_identity(created_at=now, name="Legal", organisation="MailMart")
    pdf = privacy.issue(privacy.current(), recipient="Acme GmbH", reference="C-4711", issued_at=now, identity=identity)
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder, "page.png")
        command = ["pdftoppm", "-r", str(RESOLUTION), "-l", "1", "-png", "-singlefile", "-", str(drawn.with_suffix(""))]
        subprocess.run(command, input=pdf, check=True)
        Image.open(drawn).convert("RGB").quantize(COLOURS).save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
