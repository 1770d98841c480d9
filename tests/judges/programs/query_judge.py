"""cryptography: the signature of a query, over its octets as they came (SAML Bindings 3.4.4.1)."""

import base64
import zlib
from importlib.metadata import version
from urllib.parse import unquote_plus

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

import lines

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


class Judge:
    def start(self, certificate, **_):
        self.key = load_pem_x509_certificate(certificate.encode()).public_key()
        return {"version": version("cryptography")}

    def query(self, query):
        parts = [part.split("=", 1) for part in query.split("&")]
        names = [name for name, _ in parts]
        expected = ["SAMLResponse", "RelayState", "SigAlg", "Signature"]
        if names not in (expected, [name for name in expected if name != "RelayState"]):
            raise ValueError(f"the query has {names}")
        values = {name: unquote_plus(value) for name, value in parts}
        if values["SigAlg"] != RSA_SHA256:
            raise ValueError(f"the algorithm is {values['SigAlg']}")
        signed, _, _ = query.rpartition("&Signature=")
        signature = base64.b64decode(values["Signature"], validate=True)
        self.key.verify(signature, signed.encode(), PKCS1v15(), SHA256())
        deflated = base64.b64decode(values["SAMLResponse"], validate=True)
        return {
            "xml": zlib.decompress(deflated, wbits=-15).decode(),
            "relay_state": values.get("RelayState"),
        }


lines.serve(Judge())
