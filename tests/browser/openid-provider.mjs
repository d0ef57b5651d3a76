// A certified OpenID provider (npm oidc-provider) on loopback, with three people, for the administrators' sign-in.
// node openid-provider.mjs REDIRECT_URI CLIENT_SECRET: prints its issuer, and ends with its standard input.
import http from 'node:http';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';

const [redirectUri, secret] = process.argv.slice(2);
const people = {
  ada: { email: 'ada@school.example', email_verified: true, groups: ['it-heads', 'teachers'] },
  bo: { email: 'bo@school.example', email_verified: true, groups: ['it-staff'] },
  eve: { email: 'eve@school.example', email_verified: true, groups: ['pupils'] },
};
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), kid: 'school-1', use: 'sig', alg: 'RS256' };

const server = http.createServer((request, response) => answer(request, response));
let answer = (request, response) => response.writeHead(503).end();

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'ottobridge', client_secret: secret, redirect_uris: [redirectUri],
      post_logout_redirect_uris: [redirectUri.replace('/oidc/callback', '')] }],
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['groups'] },
    conformIdTokenClaims: false, // the claims of the scopes are in the ID token, as schools' providers put them there
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => people[sub] && { accountId: sub, claims: () => ({ sub, ...people[sub] }) },
    loadExistingGrant: async (context) => {
      const grant = new context.oidc.provider.Grant({
        accountId: context.oidc.session.accountId, clientId: context.oidc.client.clientId,
      });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  answer = (request, response) =>
    request.url.startsWith('/interaction/') ? signIn(provider, request, response) : callback(request, response);
  process.stdout.write(`${issuer}\n`);
});

async function signIn(provider, request, response) {
  if (request.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end('<!doctype html><html lang="en"><title>School</title><h1>School</h1><form method="post">'
      + '<label>Name <input name="login" autofocus></label><button>Continue</button></form>');
    return;
  }
  let body = '';
  for await (const part of request) body += part;
  const accountId = new URLSearchParams(body).get('login') ?? '';
  const result = people[accountId] ? { login: { accountId } } : { error: 'access_denied' };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

process.stdin.on('end', () => process.exit(0)).resume();
