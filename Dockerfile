# syntax=docker/dockerfile:1
# The webhook as one static binary in an empty image. The chart expects the tag
# ray-serve-webhook:<version of charts/ray-serve-webhook>:
#
#   docker build -t ray-serve-webhook:0.4.0 .
#
# Tags can be moved. For a build that is the same every time, name the base by its digest, which
# `docker buildx imagetools inspect rust:1.95-bookworm` prints:
#
#   docker build --build-arg RUST=rust:1.95-bookworm@sha256:… -t ray-serve-webhook:0.4.0 .

ARG RUST=rust:1.95-bookworm
FROM ${RUST} AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    target=$(rustc -vV | sed -n 's/^host: //p') && \
    RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs" \
    cargo build --locked --release --package ray-serve-webhook --target "$target" && \
    cp "target/$target/release/ray-serve-webhook" /ray-serve-webhook

FROM scratch
COPY --from=build /ray-serve-webhook /ray-serve-webhook
COPY LICENSE THIRD_PARTY_LICENSES.md /
# Numeric, so that kubelet can tell that it is not root.
USER 65532:65532
ENTRYPOINT ["/ray-serve-webhook"]
