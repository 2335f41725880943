# One image for both programs, built and tested by the same scripts as script/fresh uses.

FROM debian:bookworm-slim AS build
WORKDIR /larder
COPY script/ script/
RUN script/setup build
COPY . .
RUN script/build

# The tests run as root, as in script/fresh: Chromium's sandbox does not start in an unprivileged container.
FROM build AS test
RUN script/setup build try test
CMD ["script/test"]

FROM debian:bookworm-slim AS runtime
COPY script/ /opt/larder/script/
RUN /opt/larder/script/setup run \
    && rm -rf /opt/larder /var/lib/apt/lists/* \
    && useradd --system --no-create-home --shell /usr/sbin/nologin larder
COPY --from=build /larder/build/release/bin/larder-server /larder/build/release/bin/larder-web /usr/local/bin/
USER larder
CMD ["larder-server"]
