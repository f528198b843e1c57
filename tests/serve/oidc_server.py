"""A small OpenID provider on a loopback port: real HTTP, real keys, real signatures; and the faults of one.

It gives a code to whoever asks (there is nobody to type a password), and redeems it once, for the client
that began, with the verifier that belongs to the challenge.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "reading-room", "the client's secret"


@dataclass
class OidcServer:
    """What it says of whoever signs in, and what is wrong with it. `claims` of None leave one out."""

    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    fault: str = ""
    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def authorize(self, url: str) -> dict[str, str]:
        """What a browser that was sent to `url` comes back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def redeem(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".replace(" ", "+").encode()).decode()
        plain = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization not in (basic, plain):
            return 401, {"error": "invalid_client"}
        verified = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or base64.urlsafe_b64encode(verified).decode().rstrip("=") != asked["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        token = {"access_token": "an access token", "token_type": "Bearer", "expires_in": 60}
        if self.fault != "no id_token":
            token["id_token"] = self.sign(asked["nonce"])
        return 200, token

    def sign(self, nonce: str) -> str:
        """An ID token, with what `fault` says wrong in it."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": "u-1", "iat": now, "exp": now + 60, "nonce": nonce,
        } | self.claims  # fmt: skip
        key: RSAKey | OctKey = self.key
        header = {"alg": "RS256", "kid": "k1"}
        match self.fault:
            case "issuer":
                claims["iss"] = "https://somebody.else"
            case "audience":
                claims["aud"] = "another client"
            case "audiences":
                claims["aud"] = [CLIENT, "another client"]
            case "nonce":
                claims["nonce"] = "another nonce"
            case "no nonce":
                del claims["nonce"]
            case "expired":
                claims |= {"iat": now - 900, "exp": now - 600}
            case "future":
                claims["iat"] = claims["nbf"] = now + 900
            case "at_hash":
                claims["at_hash"] = "bm90IHRoaXMgb25lIQ"
            case "another key":
                key = RSAKey.generate_key(2048, {"kid": "k1"})
            case "unknown key":
                header["kid"] = "k9"
            case "our secret":
                header, key = {"alg": "HS256", "kid": "k1"}, OctKey.import_key(SECRET)
            case "its public key":
                text = join({"alg": "HS256", "kid": "k1"}, claims)
                pem = self.key.as_pem(private=False)
                return f"{text}.{encode(hmac.digest(pem, text.encode(), 'sha256'))}"
            case "unsigned":
                return join({"alg": "none"}, claims) + "."
            case "no sub":
                del claims["sub"]
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, given, key, algorithms=[header["alg"]])

    def describe(self) -> dict[str, Any]:
        base = "http://somebody.else" if self.fault == "plain endpoints" else self.issuer
        return {
            "issuer": "https://somebody.else" if self.fault == "described as another" else self.issuer,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/keys",
            "userinfo_endpoint": f"{base}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }


def join(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token without its signature, as no library will make one."""
    return f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@contextmanager
def run_oidc_server() -> Iterator[OidcServer]:
    """The provider, gone afterwards."""
    server = OidcServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            replies: dict[str, dict[str, Any]] = {
                "/.well-known/openid-configuration": server.describe(),
                "/keys": {"keys": [server.key.as_dict(private=False)]},
                "/userinfo": server.userinfo,
            }
            if server.fault == "away":
                self.reply(503, {})
            elif self.path == "/userinfo" and self.headers["Authorization"] != "Bearer an access token":
                self.reply(401, {})
            else:
                self.reply(200, replies[self.path])

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.reply(*server.redeem(form, self.headers.get("Authorization", "")))

        def reply(self, status: int, body: dict[str, Any]) -> None:
            data = b"<html>" if server.fault == "no JSON" else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.issuer = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
