"""The KMS server of moto, with what moto leaves out.

moto 5.2 signs for real but ignores MessageType (moto/kms/models.py: "The MessageType-parameter DIGEST is not
yet implemented") and hashes the digest again. AWS does not; so here it does not either.
"""

import sys
import threading
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.kms import responses, utils
from moto.server import main

PREHASHED = Prehashed(hashes.SHA256())
request = threading.local()
answer_sign, sign_rsa, sign_ec = responses.KmsResponse.sign, utils.RSAPrivateKey.sign, utils.ECDSAPrivateKey.sign


def note_message_type(self: Any) -> Any:
    request.is_digest = self._get_param("MessageType") == "DIGEST"
    return answer_sign(self)


def sign_rsa_digest(self: Any, message: bytes, algorithm: str) -> bytes:
    if not request.is_digest or algorithm != "RSASSA_PKCS1_V1_5_SHA_256":
        return sign_rsa(self, message, algorithm)
    return self.private_key.sign(message, padding.PKCS1v15(), PREHASHED)  # type: ignore[no-any-return]


def sign_ec_digest(self: Any, message: bytes, algorithm: str) -> bytes:
    if not request.is_digest or algorithm != "ECDSA_SHA_256":
        return sign_ec(self, message, algorithm)
    return self.private_key.sign(message, ec.ECDSA(PREHASHED))  # type: ignore[no-any-return]


if __name__ == "__main__":
    responses.KmsResponse.sign = note_message_type
    utils.RSAPrivateKey.sign, utils.ECDSAPrivateKey.sign = sign_rsa_digest, sign_ec_digest
    main(sys.argv[1:])
