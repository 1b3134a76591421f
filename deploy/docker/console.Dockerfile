# The console: the web application and its API. Build from the root of the repository.
FROM node:24-bookworm-slim AS build
WORKDIR /lensai
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY console/patches console/patches
COPY otel-config/package.json otel-config/
COPY analytics/package.json analytics/
COPY console/package.json console/
RUN npx --yes pnpm@12.21.0 install --frozen-lockfile --filter @lensai/console...
COPY otel-config/src otel-config/src
COPY analytics/src analytics/src
COPY console console
WORKDIR /lensai/console
RUN node node_modules/vite/bin/vite.js build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /lensai
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY console/patches console/patches
COPY otel-config/package.json otel-config/
COPY analytics/package.json analytics/
COPY console/package.json console/
RUN npx --yes pnpm@12.21.0 install --prod --frozen-lockfile --filter @lensai/console...

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    MALLOC_MMAP_THRESHOLD_=1048576 \
    MALLOC_TRIM_THRESHOLD_=8388608 \
    HOST=0.0.0.0 \
    PORT=3000 \
    LENSAI_DATA_DIR=/data
WORKDIR /lensai/console
COPY --from=dependencies /lensai /lensai
COPY otel-config/src /lensai/otel-config/src
COPY analytics/src /lensai/analytics/src
COPY --from=build /lensai/console/build build
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["node", "-e", "fetch('http://127.0.0.1:3000/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=2", "build/index.js"]
