# The product on servers of one's own; docker-compose.yml shows all its processes.

FROM node:24-bookworm-slim AS node

FROM python:3.13-slim-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /app
RUN python -m venv .venv
COPY requirements/runtime.txt requirements/
RUN .venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc frontend/
RUN cd frontend && npm ci --no-audit --no-fund
COPY . .
# The settings refuse to load without addresses and a secret; these reach nothing and are left behind with this stage.
RUN .venv/bin/python frontend/build.py \
    && for po in locale/*/LC_MESSAGES/*.po; do .venv/bin/pybabel --quiet compile --input-file "$po" --output-file "${po%.po}.mo"; done \
    && DATABASE_URL=postgresql://build@localhost/build REDIS_URL=redis://localhost \
       SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" STATIC_ROOT=/app/collected \
       .venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf frontend/node_modules

FROM python:3.13-slim-bookworm
RUN groupadd --gid 10001 prm && useradd --uid 10001 --gid prm --no-create-home --shell /usr/sbin/nologin prm \
    && install --directory --owner prm --group prm /data
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PRM_DATA_DIR=/data STATIC_ROOT=/app/collected PRM_LOG_FORMAT=json
USER prm
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
CMD ["gunicorn", "prm.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--worker-class", "gthread", "--threads", "4", "--preload", "--no-control-socket", "--worker-tmp-dir", "/dev/shm"]
