# One image for every process; the command picks which: services.intake, …, or jauap for the command line.
#
#   docker build --tag jauap:0.1.0 .
#   docker run --rm jauap:0.1.0 jauap --help
#
# A ministry names the base by its digest: --build-arg BASE=docker.io/library/python@sha256:…
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv --without-pip /opt/jauap && python3 -m venv --without-pip tools
COPY deploy/image/runtime.lock deploy/image/build.lock ./
# Byte code is tied to the source by its hash, not its time: the same files give the same image.
RUN python3 -m pip --python /opt/jauap/bin/python install --quiet --no-compile --require-hashes --only-binary :all: -r runtime.lock \
 && /opt/jauap/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/jauap/lib
RUN python3 -m pip --python tools/bin/python install --quiet --no-compile --require-hashes --only-binary :all: -r build.lock
COPY pyproject.toml README.md ./
COPY src src
COPY services services
RUN tools/bin/python -m hatchling build --target wheel --directory dist \
 && python3 -m pip --python /opt/jauap/bin/python install --quiet --no-compile --no-deps --no-index dist/*.whl \
 && rm /opt/jauap/lib/python3*/site-packages/jauap-*.dist-info/direct_url.json \
 && tools/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
      --output-file /opt/jauap/sbom.cdx.json /opt/jauap/bin/python \
 && /opt/jauap/bin/python -m compileall -q --invalidation-mode unchecked-hash \
      /opt/jauap/lib/python3*/site-packages/jauap /opt/jauap/lib/python3*/site-packages/services

FROM ${BASE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="jauap" \
      org.opencontainers.image.description="System of record of a foreign ministry for letters from the UN special procedures" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.documentation="docs/how-to/install-with-containers.md"
# What installs packages has no business in what runs. The numbers are fixed: volumes and secrets are theirs.
RUN rm -rf /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/site-packages/setuptools* \
      /usr/local/lib/python3*/site-packages/wheel* /usr/local/lib/python3*/ensurepip /usr/local/bin/pip* \
      /usr/lib/python3/dist-packages/pip* /usr/lib/python3*/ensurepip /usr/bin/pip* /usr/share/python-wheels \
      /usr/lib/python3/dist-packages/setuptools* \
 && echo "jauap:x:10001:" >>/etc/group \
 && echo "jauap:x:10001:10001::/nonexistent:/usr/sbin/nologin" >>/etc/passwd \
 && install -d -o 10001 -g 10001 /var/lib/jauap /var/lib/jauap/documents /var/lib/jauap/deployment \
 && echo "[]" >/var/lib/jauap/deployment/bodies.json && chown 10001:10001 /var/lib/jauap/deployment/bodies.json
COPY --from=build /opt/jauap /opt/jauap
ENV PATH=/opt/jauap/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LANG=C.UTF-8 JAUAP_READY_FILE=/tmp/ready
USER 10001:10001
WORKDIR /var/lib/jauap
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m CMD ["python", "-m", "jauap.health"]
ENTRYPOINT ["python", "-m"]
CMD ["jauap", "--help"]
