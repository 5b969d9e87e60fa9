"""The vault's format, read and written by another implementation: Python's `cryptography`.

Written from the description in `native/gateway/crates/vault` (`sealed.rs`, `envelope.rs`), not from
its code paths: what both agree on is the format, and a change of it is seen here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = 1
_SECRET = b"convergio vault 1: secret"
_DATA_KEY = b"convergio vault 1: data key"
NONCE, TAG, DATA_KEY = 12, 16, 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """What a secret belongs to."""

    tenant: str
    provider: str
    key: str
    version: int

    def context(self, purpose: bytes, master: int | None = None) -> bytes:
        """The associated data of one of the two encryptions."""
        parts = (purpose, self.tenant.encode(), self.provider.encode(), self.key.encode())
        text = b"".join(struct.pack(">I", len(part)) + part for part in parts)
        text += struct.pack(">I", self.version)
        return text if master is None else text + struct.pack(">I", master)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """A sealed secret, taken apart. `places` names what stands where."""

    master: int
    version: int
    wrapped: bytes
    nonce: bytes
    body: bytes

    @classmethod
    def parse(cls, blob: bytes) -> Sealed:
        """Takes the kept bytes apart."""
        form, master, version, length = struct.unpack_from(">BIIH", blob)
        if form != FORMAT:
            raise ValueError(f"format {form}")
        rest = blob[11:]
        return cls(
            master=master,
            version=version,
            wrapped=rest[:length],
            nonce=rest[length : length + NONCE],
            body=rest[length + NONCE :],
        )

    def to_bytes(self) -> bytes:
        """The bytes that are kept."""
        head = struct.pack(">BIIH", FORMAT, self.master, self.version, len(self.wrapped))
        return head + self.wrapped + self.nonce + self.body

    def places(self) -> dict[str, int]:
        """One offset in each kind of byte, for whoever wants to change it."""
        wrapped = 11
        nonce = wrapped + len(self.wrapped)
        body = nonce + NONCE
        return {
            "format": 0,
            "version of the master key": 4,
            "version of the secret": 8,
            "length of the wrapped key": 10,
            "nonce of the wrapped key": wrapped,
            "wrapped key": wrapped + NONCE,
            "tag of the wrapped key": nonce - 1,
            "nonce": nonce,
            "secret": body,
            "tag": body + len(self.body) - 1,
        }


def masters(text: str) -> dict[int, bytes]:
    """Master keys by version, out of the text of their file."""
    entries = (line.split(":", 1) for line in text.replace(",", "\n").split() if line)
    return {int(version): bytes.fromhex(digits) for version, digits in entries}


def open_sealed(keys: dict[int, bytes], binding: Binding, blob: bytes) -> str:
    """The secret, or `InvalidTag`."""
    sealed = Sealed.parse(blob)
    context = binding.context(_DATA_KEY, sealed.master)
    wrapped = sealed.wrapped
    data_key = AESGCM(keys[sealed.master]).decrypt(wrapped[:NONCE], wrapped[NONCE:], context)
    plain = AESGCM(data_key).decrypt(sealed.nonce, sealed.body, binding.context(_SECRET))
    return plain.decode()


def seal(
    keys: dict[int, bytes],
    binding: Binding,
    secret: str,
    *,
    data_key: bytes,
    nonce: bytes,
    wrapping_nonce: bytes,
) -> bytes:
    """Seals as the vault does, with chance given as arguments."""
    master = max(keys)
    body = AESGCM(data_key).encrypt(nonce, secret.encode(), binding.context(_SECRET))
    context = binding.context(_DATA_KEY, master)
    wrapped = wrapping_nonce + AESGCM(keys[master]).encrypt(wrapping_nonce, data_key, context)
    return Sealed(
        master=master, version=binding.version, wrapped=wrapped, nonce=nonce, body=body
    ).to_bytes()
