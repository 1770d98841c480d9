// @node-saml/node-saml: a service provider that answers only to requests that it made.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { SAML, ValidateInResponseTo } from "@node-saml/node-saml";

const PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const read = new URL("../node_modules/@node-saml/node-saml/package.json", import.meta.url);
let saml;

const judge = {
  start({ entity_id, reply_url, issuer, sso_url, slo_url, certificate }) {
    saml = new SAML({
      issuer: entity_id,
      audience: entity_id,
      callbackUrl: reply_url,
      idpIssuer: issuer,
      entryPoint: sso_url,
      logoutUrl: slo_url,
      idpCert: certificate,
      identifierFormat: PERSISTENT,
      wantAssertionsSigned: true,
      // SAML Core 5.4: the assertion is signed, the response around it is not.
      wantAuthnResponseSigned: false,
      validateInResponseTo: ValidateInResponseTo.always,
      acceptedClockSkewMs: 0,
    });
    return { version: JSON.parse(readFileSync(read)).version };
  },
  async request() {
    return { url: await saml.getAuthorizeUrlAsync("/", undefined, {}) };
  },
  async response({ response }) {
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: response });
    const assertion = profile.getAssertion().Assertion;
    const context = assertion.AuthnStatement[0].AuthnContext[0].AuthnContextClassRef[0]._;
    return { anchor: profile.nameID, upn: profile.IDPEmail, context, session: profile.sessionIndex };
  },
  async logout({ anchor, session, relay_state }) {
    const user = { nameID: anchor, nameIDFormat: PERSISTENT, sessionIndex: session };
    return { url: await saml.getLogoutUrlAsync(user, relay_state, {}) };
  },
  async query({ query }) {
    const values = Object.fromEntries(new URLSearchParams(query));
    if (!values.Signature) throw new Error("the query is not signed");
    const { loggedOut } = await saml.validateRedirectAsync(values, query);
    if (!loggedOut) throw new Error("nobody is signed out");
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...asked } = JSON.parse(line);
  let answer;
  try {
    answer = await judge[name](asked);
  } catch (error) {
    const broken = error instanceof TypeError || error instanceof ReferenceError;
    answer = { [broken ? "broken" : "refused"]: String(error) };
  }
  console.log(JSON.stringify(answer));
}
