# The collector: OTLP in, Parquet out. Build from the root of the repository.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /lensai
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY console/patches console/patches
COPY otel-config/package.json otel-config/
COPY analytics/package.json analytics/
COPY collector/package.json collector/
RUN npx --yes pnpm@12.21.0 install --prod --frozen-lockfile --filter @lensai/collector...

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    MALLOC_MMAP_THRESHOLD_=262144 \
    MALLOC_TRIM_THRESHOLD_=33554432 \
    GLIBC_TUNABLES=glibc.malloc.hugetlb=1 \
    LENSAI_DATA_DIR=/data \
    LENSAI_BIND_ADDRESS=0.0.0.0
WORKDIR /lensai
COPY --from=dependencies /lensai ./
COPY otel-config/src otel-config/src
COPY analytics/src analytics/src
COPY collector/src collector/src
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4317 4318
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["node", "-e", "fetch('http://127.0.0.1:4318/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=2", "--no-parallel-scavenge", "--heap-growing-percent=50", "--max-inlined-bytecode-size=1500", "--max-inlined-bytecode-size-cumulative=4000", "--expose-gc", "collector/src/main.ts"]
