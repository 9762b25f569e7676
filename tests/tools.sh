# Sourced by tests/run: Chromium, Japanese fonts, poppler, Tesseract, Node and nginx, which pip cannot bring.
# As root by apt-get; else unpacked into `.tools/` by programs that need no right but to read the package lists.

missing_packages() {
    command -v chromium >/dev/null || printf '%s\n' chromium
    command -v pdftotext >/dev/null && command -v pdftoppm >/dev/null || printf '%s\n' poppler-utils
    command -v node >/dev/null || printf '%s\n' nodejs
    PATH=$PATH:/usr/sbin command -v nginx >/dev/null || printf '%s\n' nginx
    command -v openssl >/dev/null || printf '%s\n' openssl
    # What looks at units; a machine without it runs no service, and needs none of its libraries unpacked.
    [ "$(id -u)" != 0 ] || command -v systemd-analyze >/dev/null || printf '%s\n' systemd
    # A program of the system's own Python, which does not find its parts where they are only unpacked.
    [ "$(id -u)" != 0 ] || command -v certbot >/dev/null || printf '%s\n' certbot
    "$node_of_playwright" --version >/dev/null 2>&1 || printf '%s\n' libatomic1
    # Other fonts give other page counts than the offices', so these two, not just any Japanese font.
    local package
    for package in fonts-morisawa-bizud-gothic fonts-noto-cjk tesseract-ocr tesseract-ocr-jpn; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || printf '%s\n' "$package"
    done
}

# Debian starts what it installs; the tests start their own nginx, on loopback, and this machine's ports are not theirs.
install_as_root() {
    local policy=/usr/sbin/policy-rc.d status=0
    apt-get update -qq
    if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"; fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || status=$?
    [ -z "$policy" ] || rm -f -- "$policy"
    return "$status"
}

# apt resolves against what the machine has installed, but with lists and archives of its own: no lock, no root.
apt_here() {
    apt-get -qq -o "Dir::State=$tools/apt/state" -o "Dir::State::status=/var/lib/dpkg/status" \
        -o "Dir::Cache=$tools/apt/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::Retries=3 "$@"
}

unpack_here() {
    local archive
    rm -rf -- "$tools"
    mkdir -p "$tools/apt/state/lists/partial" "$tools/apt/cache/archives/partial" "$tools/unpacked" "$tools/bin"
    apt_here update
    apt_here install -y --no-install-recommends --download-only "$@"
    for archive in "$tools"/apt/cache/archives/*.deb; do
        dpkg -x "$archive" "$tools/unpacked"
    done
    rm -rf -- "$tools/apt"
    printf '%s\n' "$@" >"$tools/packages"
}

# The rules that the packages switch on are links to absolute places, so each is looked up where it was unpacked.
enabled_font_rules() {
    local rule place
    for rule in "$tools"/unpacked/etc/fonts/conf.d/*.conf; do
        for place in usr/share/fontconfig/conf.avail etc/fonts/conf.avail; do
            [ ! -f "$tools/unpacked/$place/${rule##*/}" ] || printf '%s\n' "$tools/unpacked/$place/${rule##*/}"
        done
    done
}

# The machine's own fonts stay in view. `&` is the one character of a path that XML minds.
write_fontconfig() {
    {
        printf '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">\n<fontconfig>\n'
        printf '  <include ignore_missing="yes">%s</include>\n' /etc/fonts/conf.d
        enabled_font_rules | sed 's/&/\&amp;/g; s|.*|  <include>&</include>|'
        printf '  <dir>%s</dir>\n' /usr/share/fonts "${tools//&/&amp;}/unpacked/usr/share/fonts"
        printf '  <cachedir>%s</cachedir>\n</fontconfig>\n' "${tools//&/&amp;}/fontcache"
    } >"$tools/fonts.conf"
}

# Programs look for their libraries where dpkg would have put them; a wrapper tells them where they are instead.
# write_wrapper NAME PROGRAM
write_wrapper() {
    [ -x "$2" ] || return 0
    cat >"$tools/bin/$1" <<END
#!/bin/sh
tools=\$(dirname -- "\$(readlink -f -- "\$0")")/..
for folder in "\$tools"/unpacked/usr/lib/*-linux-* "\$tools"/unpacked/lib/*-linux-* \\
    "\$tools"/unpacked/usr/lib/*-linux-*/nss "\$tools"/unpacked/usr/lib/*-linux-*/pulseaudio; do
    LD_LIBRARY_PATH=\$folder\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
done
export LD_LIBRARY_PATH
exec "\$tools/$(realpath --relative-to "$tools" -- "$2")" "\$@"
END
    chmod +x "$tools/bin/$1"
}

write_wrappers() {
    local program
    for program in pdftotext pdftoppm pdfinfo pdffonts node openssl; do
        write_wrapper "$program" "$tools/unpacked/usr/bin/$program"
    done
    write_wrapper nginx "$tools/unpacked/usr/sbin/nginx"
    write_wrapper chromium "$tools/unpacked/usr/lib/chromium/chromium"
    write_wrapper driver "$node_of_playwright"
}

# Its library is loaded by Python itself, which no wrapper tells where to look, and it looks for its data by a variable.
export_tesseract() {
    local data=$tools/unpacked/usr/share/tesseract-ocr/5/tessdata folder
    [ -d "$data" ] || return 0
    export TESSDATA_PREFIX=$data
    for folder in "$tools"/unpacked/usr/lib/*-linux-*; do
        export LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    done
}

# Sets PATH (and FONTCONFIG_FILE) so that the tests find everything by its plain name.
make_tools() {
    local missing
    mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        stop "不足しています: ${missing[*]}。Debian 以外ではご自身で入れてから、もう一度実行してください。"
    if [ "$(id -u)" = 0 ]; then
        say "準備: ${missing[*]} を入れます…"
        install_as_root "${missing[@]}"
        return
    fi
    if [ "$(cat "$tools/packages" 2>/dev/null)" != "$(printf '%s\n' "${missing[@]}")" ]; then
        say "準備: ${missing[*]} を .tools に取り出します(管理者権限は使いません)…"
        unpack_here "${missing[@]}"
    fi
    # Every time: they hold paths, and the checkout may have moved.
    write_fontconfig
    write_wrappers
    export PATH=$tools/bin:$PATH FONTCONFIG_FILE=$tools/fonts.conf
    export_tesseract
    [ ! -x "$tools/bin/driver" ] || export PLAYWRIGHT_NODEJS_PATH=$tools/bin/driver
}
