import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

IMPORTS = """
import sys
{put}
import whatsapp
assert whatsapp.WHOSE == "another's"
from wa_privacy.v1 import errors_pb2, instance_service_pb2_grpc, node_service_pb2_grpc
from wa_privacy.v1 import privacy_service_pb2, privacy_service_pb2_grpc, token_service_pb2_grpc
from google.rpc import status_pb2
assert privacy_service_pb2.ApplyPrivacySettingsResponse(error=status_pb2.Status(code=5)).error.code == 5
print(privacy_service_pb2.DESCRIPTOR.package)
"""


class RootTest(unittest.TestCase):
    """The package has a root of its own, which another package called `whatsapp` cannot hide."""

    def test_stands_beside_a_regular_package_called_whatsapp(self) -> None:
        for place in ("before", "after"):
            with self.subTest(place), tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "whatsapp").mkdir()
                (Path(folder) / "whatsapp/__init__.py").write_text('WHOSE = "another\'s"\n')
                index = "0" if place == "before" else "len(sys.path)"
                program = IMPORTS.format(put=f"sys.path.insert({index}, {folder!r})")
                done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
                self.assertEqual((done.stdout, done.stderr), ("whatsapp.privacy.v1\n", ""))
