"""pysaml2: a service provider that knows us by our metadata alone, with the OASIS schemas."""

import base64
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from lxml import etree
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.attribute_converter import ac_factory
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.mdstore import MetaDataLoader
from saml2.saml import NAMEID_FORMAT_PERSISTENT
from saml2.sigver import security_context
from saml2.xml.schema import _create_xml_schema_validator, validate
import saml2.data.schemas

import lines

SCHEMAS = Path(saml2.data.schemas.__file__).parent
METADATA = _create_xml_schema_validator(str(SCHEMAS / "saml-schema-metadata-2.0.xsd"))


class Judge:
    def start(self, entity_id, reply_url, issuer, metadata, certificate, **_):
        xmlsec1 = shutil.which("xmlsec1")
        if xmlsec1 is None:
            raise SystemExit("pysaml2 needs xmlsec1: apt install xmlsec1")
        endpoints = {"assertion_consumer_service": [(reply_url, BINDING_HTTP_POST)]}
        self.config = SPConfig()
        self.config.load(
            {
                "entityid": entity_id,
                "xmlsec_binary": xmlsec1,
                "metadata": {"inline": [metadata]},
                "allow_unknown_attributes": True,
                "service": {
                    "sp": {
                        "endpoints": endpoints,
                        "allow_unsolicited": False,
                        "authn_requests_signed": False,
                        "want_assertions_signed": True,
                        "want_response_signed": False,
                        "name_id_format": [NAMEID_FORMAT_PERSISTENT],
                    }
                },
            }
        )
        self.client = Saml2Client(self.config)
        self.issuer = issuer
        self.outstanding = {}
        self.certificate = certificate
        return {"version": version("pysaml2")}

    def request(self):
        id, sent = self.client.prepare_for_authenticate(
            entityid=self.issuer, binding=BINDING_HTTP_REDIRECT, relay_state="/"
        )
        self.outstanding[id] = "/"
        return {"url": dict(sent["headers"])["Location"]}

    def response(self, response):
        xml = base64.b64decode(response, validate=True).decode()
        validate(xml)
        answer = self.client.parse_authn_request_response(
            response,
            BINDING_HTTP_POST,
            outstanding=self.outstanding,
            # Without it, the recipient is not looked at.
            conv_info={"entity_id": self.config.entityid},
        )
        # Where destination or time of the response are wrong, that is all it says.
        if answer is None or answer.assertion is None:
            raise ValueError("the response was not verified")
        [(context, _, _)] = answer.authn_info()
        [upn] = answer.ava["IDPEmail"]
        return {"anchor": answer.name_id.text, "upn": upn, "context": context}

    def metadata(self, metadata):
        """The schema, then the signature, then whether a service provider finds its way."""
        validate(metadata, METADATA)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as certificate:
            certificate.write(self.certificate)
            certificate.flush()
            loader = MetaDataLoader(
                ac_factory(),
                lambda: metadata.encode(),
                filename="metadata",
                cert=certificate.name,
                security=security_context(self.config),
            )
            loader.load()
        if not loader.signed():
            raise ValueError("the metadata is not signed")
        service = lambda name, binding: [
            found["location"] for found in loader.service(self.issuer, "idpsso_descriptor", name, binding)
        ]
        return {
            "entity_id": etree.fromstring(metadata.encode()).get("entityID"),
            "redirect": service("single_sign_on_service", BINDING_HTTP_REDIRECT),
            "post": service("single_sign_on_service", BINDING_HTTP_POST),
            "logout": service("single_logout_service", BINDING_HTTP_REDIRECT),
            "certificates": [pem for _, pem in loader.certs(self.issuer, "idpsso", "signing")],
        }

    def schema(self, xml):
        """Whether a message of the protocol is valid, and no more than that."""
        validate(xml)
        return {}


lines.serve(Judge())
