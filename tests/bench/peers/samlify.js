// samlify's identity provider, for a user who is always signed in.
import samlify from 'samlify';
import { AUDIENCE, ISSUER, REPLY_URL, USER, certificate, key, serve } from './server.js';

const { Constants, IdentityProvider, ServiceProvider, SamlLib, setSchemaValidator } = samlify;
const { namespace } = Constants;

// samlify refuses to work without one. This one does nothing: the cheapest there is.
setSchemaValidator({ validate: async () => 'not validated' });

const AUTHN_STATEMENT =
  '<saml:AuthnStatement AuthnInstant="{IssueInstant}" SessionIndex="{AssertionID}"><saml:AuthnContext>' +
  '<saml:AuthnContextClassRef>http://schemas.microsoft.com/claims/multipleauthn</saml:AuthnContextClassRef>' +
  '</saml:AuthnContext></saml:AuthnStatement>';

const idp = IdentityProvider({
  entityID: ISSUER,
  privateKey: key,
  signingCert: certificate,
  requestSignatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  nameIDFormat: ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'],
  singleLogoutService: [{ Binding: namespace.binding.redirect, Location: `${ISSUER}/slo` }],
  singleSignOnService: [{ Binding: namespace.binding.redirect, Location: `${ISSUER}/sso` }],
  loginResponseTemplate: {
    context: SamlLib.defaultLoginResponseTemplate.context.replace('{AuthnStatement}', AUTHN_STATEMENT),
    attributes: [
      {
        name: 'IDPEmail',
        nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic',
        valueTag: 'upn',
        valueXsiType: 'xs:string',
      },
    ],
  },
});
const sp = ServiceProvider({
  entityID: AUDIENCE,
  wantAssertionsSigned: true,
  assertionConsumerService: [{ Binding: namespace.binding.post, Location: REPLY_URL }],
});

function fill(template, requestId) {
  const now = new Date();
  const end = new Date(now.getTime() + 300_000).toISOString();
  const assertion = idp.entitySetting.generateID();
  const id = idp.entitySetting.generateID();
  const context = SamlLib.replaceTagsByValue(template, {
    ID: id,
    AssertionID: assertion,
    Destination: REPLY_URL,
    SubjectRecipient: REPLY_URL,
    Audience: AUDIENCE,
    Issuer: ISSUER,
    IssueInstant: now.toISOString(),
    StatusCode: Constants.StatusCode.Success,
    ConditionsNotBefore: now.toISOString(),
    ConditionsNotOnOrAfter: end,
    SubjectConfirmationDataNotOnOrAfter: end,
    NameIDFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    NameID: USER.anchor,
    InResponseTo: requestId,
    attrUpn: USER.upn,
  });
  return { id, context };
}

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

serve(async (query) => {
  const request = await idp.parseLoginRequest(sp, 'redirect', { query });
  const answer = await idp.createLoginResponse(sp, request, 'post', USER, {
    relayState: query.RelayState,
    customTagReplacement: (template) => fill(template, request.extract.request.id),
  });
  return (
    `<!doctype html><form method="post" action="${escape(answer.entityEndpoint)}">` +
    `<input type="hidden" name="SAMLResponse" value="${answer.context}">` +
    `<input type="hidden" name="RelayState" value="${escape(query.RelayState ?? '')}"></form>`
  );
});
