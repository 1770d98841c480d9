// samlp's own middleware, for a user who is always signed in.
import samlp from 'samlp';
import { AUDIENCE, ISSUER, REPLY_URL, USER, certificate, key, serve } from './server.js';

// The one attribute that Entra reads, as ours sends; its default profile would write five.
const profileMapper = (user) => ({
  getClaims: () => ({ IDPEmail: user.upn }),
  getNameIdentifier: () => ({ nameIdentifier: user.anchor }),
});

const answer = samlp.auth({
  issuer: ISSUER,
  audience: AUDIENCE,
  profileMapper,
  cert: certificate,
  key,
  destination: REPLY_URL,
  recipient: REPLY_URL,
  authnContextClassRef: 'http://schemas.microsoft.com/claims/multipleauthn',
  nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  getPostURL: (_audience, _document, _request, done) => done(null, REPLY_URL),
});

serve(
  (query) =>
    new Promise((resolve, reject) => {
      const request = { method: 'GET', query, body: {}, user: USER };
      const response = {
        set() {},
        send: (page) => (typeof page === 'string' ? resolve(page) : reject(new Error(`status ${page}`))),
      };
      answer(request, response, reject);
    }),
);
