# libcurl with what Gantry uses of it and nothing else: HTTP, SMTP, TLS through OpenSSL, gzip.
# Debian's library brings 27 more into every process, for LDAP, SSH, Kerberos and others
# (docs/adr/curl.md).
# shellcheck shell=bash

# Built from Debian's source package, with Debian's security patches, in the version of the
# installed libcurl4-openssl-dev: a security update there makes this one anew. What failed for a
# version is tried again after `rm build/libcurl-failed`.
ensure_libcurl() {
    local version work=build/libcurl-work prefix=$ROOT/build/libcurl
    version=$(dpkg-query -W -f '${source:Version}' libcurl4-openssl-dev)
    [ "$(cat "$prefix/version" build/libcurl-failed 2>/dev/null)" != "$version" ] || return 0
    say "building libcurl $version, HTTP and SMTP only, from Debian's source package"
    rm -rf "$prefix" "$work" build/libcurl-failed
    mkdir -p "$work"
    if fetch_source "$work" curl "$version" >"$(log_of libcurl)" 2>&1 &&
        build_libcurl "$work"/curl-*/ "$prefix" >>"$(log_of libcurl)" 2>&1; then
        echo "$version" >"$prefix/version"
    else
        rm -rf "$prefix"
        echo "$version" >build/libcurl-failed
        say "that failed (build/logs/libcurl.log), most often because the mirror has no source"
        say "packages. Debian's own libcurl is used instead: the agent needs 3 MB more."
    fi
    rm -rf "$work"
}

# fetch_source DIRECTORY PACKAGE VERSION: beside this machine's own package lists, which stay as
# they are.
fetch_source() (
    cd "$1" && mkdir -p lists/partial cache || return
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' | sort -u |
        sed 's|^|deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] |' >sources.list
    local apt=(apt-get -q -o "Dir::Etc::SourceList=$PWD/sources.list"
               -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$PWD/lists"
               -o "Dir::Cache=$PWD/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root)
    "${apt[@]}" update && "${apt[@]}" source --only-source "$2=$3"
)

build_libcurl() {
    local unused=(-DCURL_DISABLE_{ALTSVC,DICT,DOH,FILE,FTP,GOPHER,HSTS,IMAP,LDAP,LDAPS,MQTT}"=ON"
                  -DCURL_DISABLE_{NETRC,NTLM,POP3,RTSP,SMB,TELNET,TFTP}"=ON")
    cmake -S "$1" -B "$1/out" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_FLAGS="-fPIC -fvisibility=hidden -ffunction-sections -fdata-sections" \
        -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_INSTALL_PREFIX="$2" -DCMAKE_INSTALL_LIBDIR=lib \
        -DBUILD_CURL_EXE=OFF -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF -DENABLE_MANUAL=OFF \
        -DCURL_USE_OPENSSL=ON -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBPSL=OFF -DUSE_LIBIDN2=OFF \
        "${unused[@]}" &&
        cmake --build "$1/out" -j "$(cores)" && cmake --install "$1/out"
}
