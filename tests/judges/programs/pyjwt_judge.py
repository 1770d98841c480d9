"""PyJWT: who reads our client assertions, and judges the id tokens that we judge."""

import base64
import hashlib
from datetime import timedelta
from importlib.metadata import version
from unittest import mock

import jwt
from cryptography import x509
from jwt import api_jwt

import lines


class At:
    """The clock that PyJWT reads, at an instant of ours."""

    def __init__(self, second):
        self.second = second

    def now(self, tz=None):
        return self

    def timestamp(self):
        return float(self.second)


class Judge:
    def start(self, **_):
        return {"version": version("PyJWT")}

    def assertion(self, assertion, client_id, audience, certificate, now):
        """RFC 7523 §3, and the thumbprint of RFC 7515 §4.1.8."""
        header = jwt.get_unverified_header(assertion)
        certificate = base64.b64decode(certificate)
        thumbprint = hashlib.sha256(certificate).digest()
        expected = base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()
        if header != {"alg": "PS256", "typ": "JWT", "x5t#S256": expected}:
            raise ValueError(f"the header is {header}")
        with mock.patch.object(api_jwt, "datetime", At(now)):
            return jwt.decode(
                assertion,
                x509.load_der_x509_certificate(certificate).public_key(),
                algorithms=["PS256"],
                audience=audience,
                issuer=client_id,
                options={"require": ["aud", "iss", "sub", "jti", "nbf", "iat", "exp"]},
            )

    def id_token(self, token, keys, client_id, issuer, nonce, now):
        """OIDC Core §3.1.3.7, by a key set and at an instant."""
        header = jwt.get_unverified_header(token)
        named = [key for key in keys["keys"] if key.get("kid") == header.get("kid")]
        if len(named) != 1:
            raise ValueError("no key, or more than one, has the name")
        with mock.patch.object(api_jwt, "datetime", At(now)):
            claims = jwt.decode(
                token,
                jwt.PyJWK(named[0], algorithm="RS256").key,
                algorithms=["RS256"],
                audience=client_id,
                issuer=issuer,
                leeway=timedelta(minutes=5),
                options={"require": ["aud", "iss", "exp", "iat"], "strict_aud": True},
            )
        if claims.get("nonce") != nonce:
            raise ValueError("the nonce is another one")
        return claims


lines.serve(Judge())
