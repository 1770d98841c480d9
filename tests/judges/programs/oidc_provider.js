// oidc-provider: an OpenID provider whose addresses are spelled as Entra spells them.
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const read = new URL("../node_modules/oidc-provider/package.json", import.meta.url);
let provider, server;

// Who signs in next; there is nobody to ask.
let person;
// What went wrong, in the provider's own words.
let errors = [];

const judge = {
  async start({ tenant, client_id, redirect_uri, certificate }) {
    const jwk = new X509Certificate(Buffer.from(certificate, "base64")).publicKey.export({ format: "jwk" });
    const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
    server = createServer().listen(0, "127.0.0.1");
    await new Promise((ready) => server.once("listening", ready));
    const origin = `http://127.0.0.1:${server.address().port}`;
    provider = new Provider(`${origin}/${tenant}/v2.0`, {
      clients: [
        {
          client_id,
          redirect_uris: [redirect_uri],
          grant_types: ["authorization_code"],
          response_types: ["code"],
          token_endpoint_auth_method: "private_key_jwt",
          token_endpoint_auth_signing_alg: "PS256",
          id_token_signed_response_alg: "RS256",
          jwks: { keys: [jwk] },
        },
      ],
      routes: {
        authorization: `/${tenant}/oauth2/v2.0/authorize`,
        token: `/${tenant}/oauth2/v2.0/token`,
        jwks: `/${tenant}/discovery/v2.0/keys`,
      },
      enabledJWA: { clientAuthSigningAlgValues: ["PS256"], idTokenSigningAlgValues: ["RS256"] },
      features: { devInteractions: { enabled: false } },
      jwks: { keys: [key] },
      pkce: { methods: ["S256"], required: () => true },
      conformIdTokenClaims: false,
      claims: { openid: ["sub", "tid", "oid"], profile: ["name", "preferred_username"], email: ["email"] },
      findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...person }) }),
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      cookies: { keys: ["a key of a test"] },
      ttl: { IdToken: 3600 },
    });
    provider.on("grant.error", (_, error) => errors.push(`${error.error}: ${error.error_detail}`));
    const serve = provider.callback();
    server.on("request", (request, response) =>
      request.url.startsWith("/interaction/") ? sign_in(request, response) : serve(request, response),
    );
    return { origin, version: JSON.parse(readFileSync(read)).version };
  },
  next({ claims }) {
    person = claims;
    return {};
  },
  complaints() {
    const told = errors;
    errors = [];
    return { errors: told };
  },
};

async function sign_in(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: "subject", clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId: "subject" }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

// One JSON object a line in, one a line out; nothing else may be said there.
console.log = console.info = console.warn = console.error;
for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ...asked } = JSON.parse(line);
  let answer;
  try {
    answer = await judge[what](asked);
  } catch (error) {
    answer = { broken: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
