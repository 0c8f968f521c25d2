// An identity provider for the desk, as npm's oidc-provider makes it: anybody may sign in by any name.
//
// node provider.mjs PORT ORIGIN   the desk answers at ORIGIN
import Provider from "oidc-provider";

const [port, origin] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "desk",
      client_secret: "a secret: of the desk",
      redirect_uris: [`${origin}/sign-in/done`],
      grant_types: ["authorization_code"],
    },
    {
      client_id: "crm",
      client_secret: "a secret of the service",
      token_endpoint_auth_method: "client_secret_post",
      redirect_uris: [],
      response_types: [],
      grant_types: ["client_credentials"],
    },
  ],
  claims: { openid: ["sub", "auth_time"], profile: ["name"] },
  clientDefaults: { require_auth_time: true },
  pkce: { required: () => true },
  cookies: { keys: ["of a test"] },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId, name: `Person ${accountId}` }) }),
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope: "desk:issue desk:read", audience: "desk-api", accessTokenFormat: "jwt" }),
    },
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
