"""Makes src/wa_privacy/v1 from the contract."""

import os
import re
import shutil
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).parent / "../../proto"
PACKAGE = Path(__file__).parent / "src/wa_privacy/v1"

# protoc names packages as the .proto files are filed, and so the root would be `whatsapp`, which any regular package of
# that name on the path hides. All our files are in one folder: imports of siblings may move with it. Those of
# google stay: googleapis-common-protos has them, and a message may be registered only once.
SIBLING = re.compile(r"^from whatsapp\.privacy\.v1 import ", re.MULTILINE)


def generate() -> None:
    # The plugins are beside this interpreter, also where its environment is not activated.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("whatsapp/**/*.proto"))
    with tempfile.TemporaryDirectory() as out:
        outputs = ("python", "grpc_python", "mypy", "mypy_grpc")
        includes = (PROTO, PROTO / "third_party", files("grpc_tools") / "_proto")
        status = protoc.main([
            "protoc",
            *(f"-I{include}" for include in includes),
            *(f"--{output}_out={'quiet:' if 'mypy' in output else ''}{out}" for output in outputs),
            *sources,
        ])
        if status != 0:
            sys.exit(status)
        shutil.rmtree(PACKAGE, ignore_errors=True)
        shutil.copytree(Path(out) / "whatsapp/privacy/v1", PACKAGE)
    for path in PACKAGE.iterdir():
        path.write_text(SIBLING.sub("from . import ", path.read_text()))
    (PACKAGE / "__init__.py").write_text('"""The package whatsapp.privacy.v1 of the contract."""\n')


if __name__ == "__main__":
    generate()
