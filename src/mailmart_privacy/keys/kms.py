"""Keys in AWS KMS. The key never leaves it; each signature is one request.

The only module that imports boto3. Region, endpoint, credentials and retries are boto3's own
configuration (AWS_DEFAULT_REGION, AWS_ENDPOINT_URL, AWS_PROFILE, AWS_MAX_ATTEMPTS, …).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..errors import IdentityError, MissingExtraError, UsageError
from .certificates import load_certificates
from .identity import Identity, assemble

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
    )
    from botocore.exceptions import ConnectionError as NotConnectedError
    from cryptography.hazmat.primitives.serialization import load_der_public_key
except ImportError as error:
    library = "cryptography" if (error.name or "").startswith("cryptography") else "boto3"
    raise MissingExtraError("kms", library) from None

if TYPE_CHECKING:
    from .identity import PublicKey

SCHEME = "awskms:"
# AWS signs with a key on P-384 over SHA-384 only, with one on P-521 over SHA-512 only; copies are
# signed over SHA-256.
_ALGORITHMS = {
    "RSA_3072": "RSASSA_PKCS1_V1_5_SHA_256",
    "RSA_4096": "RSASSA_PKCS1_V1_5_SHA_256",
    "ECC_NIST_P256": "ECDSA_SHA_256",
}
_TIMEOUTS = {"connect_timeout": 5, "read_timeout": 15}  # seconds; how often is boto3's configuration
_REASONS = {
    "NotFoundException": "there is no such key in this account and region",
    "DisabledException": "the key is disabled; enable it, or use another",
    "KMSInvalidStateException": "the key cannot sign in its present state; it may be about to be deleted",
    "KeyUnavailableException": "the key is not available at the moment; try again later",
    "InvalidKeyUsageException": "the key is not for signing (SIGN_VERIFY)",
    "UnrecognizedClientException": "AWS does not know these credentials",
    "InvalidClientTokenId": "AWS does not know these credentials",
    "InvalidSignatureException": "AWS refused these credentials",
    "ExpiredTokenException": "the credentials have expired; log in again",
    "ThrottlingException": "AWS limits how often this account may ask; try again later",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class KmsKey:
    """A private key in AWS KMS.

    Attributes:
        arn: the ARN of the key; an alias is resolved once, when the key is opened.
        public_key: its public half.
    """

    arn: str
    public_key: "PublicKey"
    algorithm: str = field(repr=False)
    client: Any = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Sign a message: ECDSA (DER) or RSASSA-PKCS1-v1_5, each over SHA-256.

        Raises:
            IdentityError: KMS could not be reached, or refused.
        """
        answer = _ask(
            self.arn,
            self.client.sign,
            KeyId=self.arn,
            Message=sha256(message).digest(),
            MessageType="DIGEST",
            SigningAlgorithm=self.algorithm,
        )
        return bytes(answer["Signature"])


def open_kms(key_id: str, *, certificate: bytes) -> Identity:
    """Open an identity whose key is in AWS KMS.

    Needed are the permissions kms:DescribeKey, kms:GetPublicKey and kms:Sign.

    Args:
        key_id: an id, an ARN, an alias as "alias/NAME", or an alias' ARN; "awskms:" may precede it.
        certificate: the key's certificate and all of its issuers, in PEM, in any order.

    Returns:
        The identity. `require_valid` says whether it may sign at a moment.

    Raises:
        UsageError: there is no key id.
        IdentityError: KMS cannot be reached or refuses, or the key or a certificate is not fit.
    """
    key_id = key_id.removeprefix(SCHEME)
    if not key_id:
        raise UsageError(f"name the key: {SCHEME}KEY-ID, {SCHEME}alias/NAME or {SCHEME}ARN")
    certificates = load_certificates(certificate, origin="the file of certificates")
    region = key_id.split(":")[3] if key_id.startswith("arn:") and key_id.count(":") >= 5 else None
    try:
        client = boto3.Session().client("kms", region_name=region, config=Config(**_TIMEOUTS))
    except (BotoCoreError, ValueError) as error:
        raise IdentityError(_explain(key_id, error)) from None
    facts = _ask(key_id, client.describe_key, KeyId=key_id)["KeyMetadata"]
    _require_usable(key_id, facts)
    arn = facts["Arn"]
    public: Any = load_der_public_key(_ask(key_id, client.get_public_key, KeyId=arn)["PublicKey"])
    key = KmsKey(arn=arn, public_key=public, algorithm=_ALGORITHMS[facts["KeySpec"]], client=client)
    return assemble(key, certificates, origin=f"AWS KMS key {key_id}")


def _require_usable(key_id: str, facts: dict[str, Any]) -> None:
    if facts["KeyUsage"] != "SIGN_VERIFY":
        raise IdentityError(f"AWS KMS key {key_id}: {_REASONS['InvalidKeyUsageException']}")
    state = facts["KeyState"]
    if state != "Enabled":
        why = _REASONS["DisabledException"] if state == "Disabled" else f"it cannot sign: its state is {state}"
        raise IdentityError(f"AWS KMS key {key_id}: {why}")
    spec = facts["KeySpec"]
    if spec not in _ALGORITHMS:
        raise IdentityError(f"AWS KMS key {key_id} is {spec}; copies are signed with {', '.join(_ALGORITHMS)}")


def _ask(key_id: str, call: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any]:
    try:
        return call(**arguments)
    except (BotoCoreError, ClientError) as error:
        raise IdentityError(_explain(key_id, error)) from None


def _explain(key_id: str, error: Exception) -> str:
    """Tell in one line what AWS, or the network, refused."""
    head = f"AWS KMS key {key_id}: "
    if isinstance(error, ClientError):
        code, message = error.response["Error"]["Code"], " ".join(error.response["Error"]["Message"].split())
        if code == "AccessDeniedException":
            return f"{head}access denied; needed are kms:DescribeKey, kms:GetPublicKey and kms:Sign ({message})"
        return head + _REASONS.get(code, f"{code}: {message}"[:300])
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"{head}there are no AWS credentials; log in with aws sso login, or set AWS_PROFILE"
    if isinstance(error, NoRegionError):
        return f"{head}no region is set; set AWS_DEFAULT_REGION, or name the key by its ARN"
    if isinstance(error, HTTPClientError | NotConnectedError):
        return f"{head}AWS cannot be reached ({type(error).__name__}); look at the network and AWS_ENDPOINT_URL"
    return head + " ".join(str(error).split())[:300]
