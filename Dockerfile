# docker build -t reading-room .                                        gateway and vLLM for CPU in one container
# docker build -t reading-room-gateway --build-arg FLAVOUR=gateway .    the gateway, for engines that run elsewhere
FROM python:3.11-slim-bookworm AS base
ENV PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1
WORKDIR /app

FROM base AS packages
ARG FLAVOUR=cpu
COPY pyproject.toml environment.sh ./
COPY plugin/pyproject.toml plugin/README.md plugin/
COPY constraints constraints
# Empty packages are enough to install what ours need, so a change of code does not install it all again.
RUN mkdir retrieval train serve ui plugin/reading_room_engine && touch README.md retrieval/__init__.py train/__init__.py serve/__init__.py ui/__init__.py plugin/reading_room_engine/__init__.py
RUN --mount=type=cache,target=/var/cache/pip PIP_CACHE_DIR=/var/cache/pip ./environment.sh "$FLAVOUR"

FROM base
# vLLM for CPU loads libnuma.
RUN apt-get update && apt-get install -y --no-install-recommends libnuma1 && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home reader && install -d -o reader -g reader -m 0700 /data && install -d -o reader -g reader /data/adapters
COPY --from=packages /app/.venv .venv
COPY . .
RUN .venv/bin/python -c "from retrieval.embedding import load_embedder; load_embedder()"
ENV PATH=/app/.venv/bin:$PATH READING_ROOM_DATA=/data READING_ROOM_HOST=0.0.0.0
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=15m \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["reading-room", "serve"]
