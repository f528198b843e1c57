"""The library's OpenID provider: where it sends people to sign in, and what it says of who comes back.

Authorization code with PKCE, by Authlib (the extra `oidc`). The provider's description and keys are asked
for at each sign-in: these are few, and so no key that was changed is ever looked for in vain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from serve.errors import NotFound, NotReady, Unauthorized
from serve.settings import Settings

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session
    from joserfc.jwk import KeySetSerialization
    from joserfc.jwt import Token

CALLBACK = "/desk/oidc"
"""Where the provider sends the browser back to, below the public address."""
_DESCRIPTION = "/.well-known/openid-configuration"
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures by a key that only the provider has: not "none", and no HMAC."""
_TIMEOUT = 10.0
_LEEWAY = 120
"""Seconds by which the two clocks may differ."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Challenge:
    """What one sign-in is recognised by: `state` comes back with the browser, `nonce` in the ID token, and
    `verifier` shows the provider that who redeems the code is who began."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """The provider that the settings name. Raises NotFound where they name none."""

    def __init__(self, settings: Settings) -> None:
        if not settings.oidc_issuer:
            raise NotFound(
                "Staff sign in with a name and a password here: READING_ROOM_OIDC_ISSUER is empty."
            )
        self.issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret.get_secret_value()
        self._redirect = settings.public_url.rstrip("/") + CALLBACK
        self._role_claim = settings.oidc_role_claim

    def begin(self, challenge: Challenge) -> str:
        """The address to send a browser to. Raises NotReady where the provider cannot be reached."""
        with self._open() as client:
            described = self._describe(client)
            url, _ = client.create_authorization_url(
                described["authorization_endpoint"],
                state=challenge.state,
                code_verifier=challenge.verifier,
                nonce=challenge.nonce,
            )
        return str(url)

    def redeem(self, code: str, challenge: Challenge) -> Mapping[str, Any]:
        """What the provider says of who it gave this code to: its claims, once their signature, issuer,
        audience, nonce and time are as they must be.

        Raises Unauthorized where one of them is not, NotReady where the provider cannot be reached.
        """
        from joserfc import jwt
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        with self._open() as client:
            described = self._describe(client)
            client.token_endpoint_auth_method = self._choose_method(described)
            token = client.fetch_token(
                described["token_endpoint"],
                code=code,
                code_verifier=challenge.verifier,
                grant_type="authorization_code",
            )
            keys = KeySet.import_key_set(
                cast("KeySetSerialization", self._get(client, described["jwks_uri"]))
            )
            registry = JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
            signed = jwt.decode(str(token.get("id_token", "")), keys, registry=registry)
            claims = self._check(signed, token, challenge)
            if find_claim(claims, self._role_claim) is None and "userinfo_endpoint" in described:
                claims = {**self._ask_more(client, described, claims["sub"]), **claims}
        return claims

    def _check(self, signed: Token, token: Mapping[str, Any], challenge: Challenge) -> dict[str, Any]:
        from authlib.oidc.core import CodeIDToken

        claims = CodeIDToken(
            signed.claims,
            signed.header,
            {
                "iss": {"essential": True, "value": self.issuer},
                "aud": {"essential": True, "value": self._client_id},
                "sub": {"essential": True},
            },
            {
                "nonce": challenge.nonce,
                "client_id": self._client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(leeway=_LEEWAY)
        return dict(claims)

    def _ask_more(self, client: OAuth2Session, described: Mapping[str, Any], subject: str) -> dict[str, Any]:
        """Some providers put groups into their userinfo reply alone."""
        more = self._get(client, described["userinfo_endpoint"], withhold_token=False)
        if more.get("sub") != subject:
            raise Unauthorized("The OpenID provider spoke of somebody else than who signed in.")
        return dict(more)

    def _describe(self, client: OAuth2Session) -> Mapping[str, Any]:
        described = self._get(client, self.issuer.rstrip("/") + _DESCRIPTION)
        if described.get("issuer") != self.issuer:
            raise NotReady(
                f"The OpenID provider calls itself {str(described.get('issuer'))[:200]!r}, and the settings "
                f"call it {self.issuer!r}. Set READING_ROOM_OIDC_ISSUER to the former."
            )
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe_url(str(described.get(name, ""))):
                raise NotReady(f"The OpenID provider's {name} is no https address. Ask who runs it.")
        return described

    def _get(self, client: OAuth2Session, url: str, *, withhold_token: bool = True) -> Mapping[str, Any]:
        reply = client.get(url, withhold_token=withhold_token)
        reply.raise_for_status()
        found = reply.json()
        if not isinstance(found, dict):
            raise ValueError(f"{url}: expected a JSON object")
        return found

    def _choose_method(self, described: Mapping[str, Any]) -> str:
        if not self._secret:
            return "none"
        supported = described.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return "client_secret_basic" if "client_secret_basic" in supported else "client_secret_post"

    @contextmanager
    def _open(self) -> Iterator[OAuth2Session]:
        """A client of the provider; what goes wrong with it is said in a sentence."""
        try:
            from authlib.common.errors import AuthlibBaseError
            from authlib.integrations.requests_client import OAuth2Session
            from joserfc.errors import JoseError
            from requests import RequestException
        except ImportError as error:
            raise NotReady(
                "READING_ROOM_OIDC_ISSUER is set, but Authlib is not installed. "
                "Install it: pip install 'reading-room[oidc]'"
            ) from error
        client = OAuth2Session(
            self._client_id,
            self._secret or None,
            scope="openid profile email",
            redirect_uri=self._redirect,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT,
            leeway=0,  # the token is used at once, however short it lives
        )
        try:
            with client:
                yield client
        except (JoseError, AuthlibBaseError) as error:
            raise Unauthorized(
                f"The OpenID provider's answer does not hold ({str(error)[:200]}). Sign in again; if it "
                "stays so, an administrator can look at the READING_ROOM_OIDC settings."
            ) from error
        except (RequestException, ValueError) as error:
            raise NotReady(
                "The OpenID provider cannot be reached, or sent what cannot be read. Try again, or sign in "
                "with a name and a password."
            ) from error


def find_claim(claims: Mapping[str, Any], name: str) -> object:
    """A claim by its name, or by a path with dots such as realm_access.roles; None where there is none."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def is_safe_url(url: str) -> bool:
    """https, or a provider on this machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    except ValueError:
        return False
