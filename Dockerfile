# Two stages, as https://docs.astral.sh/uv/guides/integration/docker/ has it: only the environment goes into the last.
#   docker build --tag paperboy .
#   docker run --read-only --tmpfs /tmp --volume paperboy:/data --volume ./config.yaml:/etc/paperboy/config.yaml:ro paperboy
FROM python:3.13-slim-bookworm AS build
COPY --from=ghcr.io/astral-sh/uv:0.9.13 /uv /bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY templates templates
RUN uv venv /opt/paperboy && uv pip install --no-cache --python /opt/paperboy/bin/python ".[fleet]"

FROM python:3.13-slim-bookworm
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Paperboy" \
      org.opencontainers.image.description="Brings arXiv's daily mailing to Slack, Discord and mail" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/paperboy /opt/paperboy
ENV PATH="/opt/paperboy/bin:${PATH}" PYTHONDONTWRITEBYTECODE=1 PAPERBOY_CONFIG=/etc/paperboy/config.yaml
RUN install -d -o 10001 -g 10001 /data
USER 10001:10001
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
# Asks the listener of `metrics:`; a configuration without it is told so, and the container counts as unhealthy.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["paperboy", "healthcheck"]
ENTRYPOINT ["paperboy"]
CMD ["run"]
