"""signxml: who verifies the signature, and reads only what was signed."""

import base64
from importlib.metadata import version

from signxml import DigestAlgorithm, SignatureConfiguration, SignatureMethod, XMLVerifier

import lines

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"


class Judge:
    def start(self, certificate, **_):
        self.certificate = certificate
        return {"version": version("signxml")}

    def response(self, response):
        expected = SignatureConfiguration(
            expect_references=1,
            signature_methods=frozenset([SignatureMethod.RSA_SHA256]),
            digest_algorithms=frozenset([DigestAlgorithm.SHA256]),
        )
        verified = XMLVerifier().verify(
            base64.b64decode(response, validate=True),
            x509_cert=self.certificate,
            id_attribute="ID",
            expect_config=expected,
        )
        signed = verified.signed_xml
        if signed.tag != f"{SAML}Assertion":
            raise ValueError(f"{signed.tag} is signed")
        text = lambda name: signed.findtext(f".//{SAML}{name}")
        return {
            "anchor": text("NameID"),
            "upn": text("AttributeValue"),
            "context": text("AuthnContextClassRef"),
        }


lines.serve(Judge())
