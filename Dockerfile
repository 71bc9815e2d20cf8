# Every image of the suite, a target each:
#   docker build --target user -t quartet/user .        a service: its server, its migrations, its health probe
#   docker build --target envoy -t quartet/envoy .      the edge, with routes from the contract
# or all of them for a release: docker-bake.hcl. It needs this repository and the packages of package-lock.json, nothing else.

# All that comes from elsewhere. `node` builds and must be of the same version of Node as `runtime`, which runs.
ARG NODE=node:24-bookworm-slim
ARG RUNTIME=gcr.io/distroless/nodejs24-debian12:nonroot
ARG ENVOY=envoyproxy/envoy:v1.40.0

# Takes the sources apart by what they change: a stage that copies from here runs again only when that part differs.
# What is the same for every architecture is made once, on that of the builder.
FROM --platform=${BUILDPLATFORM} ${NODE} AS sources
WORKDIR /app
COPY . .
RUN mkdir -p /manifests /contract /edge /owned/app/.compile-cache /owned/secrets /owned/files \
 && cp --parents package.json package-lock.json .npmrc */package.json */*/package.json /manifests \
 && cp --parents -r nx.json proto tools/node24.js tools/prisma services/*/prisma services/*/prisma.config.ts /contract \
 && cp --parents -r envoy libs tools /edge

# The packages that run in production, for the architecture that they will run on (sharp is native). Peers are left out, or @prisma/client would bring Prisma's CLI along. Types, maps
# and the query compilers of other databases are half of what is left, and none of it runs.
FROM ${NODE} AS packages
WORKDIR /app
COPY --from=sources /manifests ./
RUN --mount=type=cache,target=/root/.npm \
    npm ci --workspace services --omit=dev --legacy-peer-deps --ignore-scripts --no-audit --no-fund \
 && find node_modules -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' \) -delete \
 && find node_modules/@prisma/client/runtime -name 'query_compiler_*' ! -name '*.postgresql.*' -delete

# What is generated from the contract and the schemas, by the same command as everywhere.
FROM --platform=${BUILDPLATFORM} ${NODE} AS generated
WORKDIR /app
COPY --from=sources /manifests ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY --from=sources /contract ./
RUN NX_DAEMON=false npm run gen

FROM generated AS edge
COPY --from=sources /edge ./
RUN ["node", "tools/container/render-edge.ts", "/rendered"]

# What all services share: kept and fetched once for all of them.
FROM ${RUNTIME} AS service
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title=quartet \
      org.opencontainers.image.licenses=MIT \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}
WORKDIR /app
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache HOST=0.0.0.0 PORT=50051
EXPOSE 50051
COPY --from=packages /app ./
COPY --from=generated /app/proto proto
COPY libs libs
COPY tools/services.ts tools/
COPY tools/container tools/container
# The user nonroot owns what a volume may be mounted over, and compiles below.
COPY --from=sources --chown=65532:65532 /owned /
RUN ["/nodejs/bin/node", "tools/container/warm.ts", "tools/container/serve-once.ts", "tools/container/health.ts"]
CMD ["src/main.ts"]

# A service: its sources, what is generated for it, and what it compiles at its start.
FROM service AS user
WORKDIR /app/services/user
COPY services/user .
COPY --from=generated /app/services/user/src/generated src/generated
RUN ["/nodejs/bin/node", "/app/tools/container/warm.ts", "src/main.ts", "src/migrate.ts"]

FROM service AS order
WORKDIR /app/services/order
COPY services/order .
COPY --from=generated /app/services/order/src/generated src/generated
RUN ["/nodejs/bin/node", "/app/tools/container/warm.ts", "src/main.ts", "src/migrate.ts"]

FROM service AS upload
# A young heap of 1 MB: else every 64 MB of buffers cost a collection of the whole heap (bench/README.md, "An upload").
ENV NODE_OPTIONS=--max-semi-space-size=1
WORKDIR /app/services/upload
COPY services/upload .
COPY --from=generated /app/services/upload/src/generated src/generated
RUN ["/nodejs/bin/node", "/app/tools/container/warm.ts", "src/main.ts", "src/migrate.ts"]

FROM service AS chat
WORKDIR /app/services/chat
COPY services/chat .
COPY --from=generated /app/services/chat/src/generated src/generated
RUN ["/nodejs/bin/node", "/app/tools/container/warm.ts", "src/main.ts", "src/migrate.ts"]

# Not distroless: before Envoy stops it has to be told so by POST, which takes a shell (envoy/drain.sh).
FROM ${ENVOY} AS envoy
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title=quartet-envoy \
      org.opencontainers.image.licenses=MIT \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}
WORKDIR /etc/quartet
COPY --from=edge /rendered ./
COPY envoy/drain.sh ./
USER 101:101
EXPOSE 8080 9902
ENTRYPOINT ["envoy"]
CMD ["-c", "envoy.yaml", "--disable-hot-restart", "--concurrency", "2", "--log-level", "warning", \
     "--drain-time-s", "20", "--drain-strategy", "immediate"]
