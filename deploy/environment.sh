# Sourced by deploy/local and tests/run: an own Python environment, made once per lock file.
# The one who sources it sets `root`, the checkout, and says what went wrong in a sentence by `stop`.

say() { printf '%s\n' "$*"; }
stop() { printf '%s\n' "$*" >&2; exit 1; }

# Nothing of the caller's own Python set-up may leak in; UTF-8 even where the locale is C.
unset PYTHONHOME PYTHONPATH PYTHONSTARTUP VIRTUAL_ENV
export PYTHONUTF8=1 PYTHONNOUSERSITE=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# Prints the first Python that is new enough and can make environments.
find_python() {
    local name found=""
    for name in python3 python3.13 python3.12 python3.11 python3.14; do
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        found=$name
        "$name" -c 'import ensurepip, venv' 2>/dev/null || continue
        command -v "$name"
        return
    done
    if [ -n "$found" ]; then
        stop "Python($found)に仮想環境を作る部品がありません。Debian なら「apt-get install python3-venv」(管理者権限)で入れてから、もう一度実行してください。"
    fi
    stop "Python 3.11 以上が見つかりません。Debian なら「apt-get install python3 python3-venv」(管理者権限)で入れてから、もう一度実行してください。"
}

# make_environment FOLDER LOCK: the stamp is written last, so a half-made environment has none and is made anew.
# With a fitting stamp nothing is fetched: the second run needs no network.
make_environment() {
    local folder=$1 lock=$2 sum python
    sum=$(sha256sum <"$lock" | cut -d ' ' -f 1)
    if [ "$(cat "$folder/lock.sha256" 2>/dev/null)" = "$sum" ] && "$folder/bin/python" -c '' 2>/dev/null; then
        return
    fi
    python=$(find_python) || exit 1
    say "準備: 仮想環境 ${folder##*/} を作り、部品を入れます(初回だけ。ネットワークを使います)…"
    [ -w "$root" ] || stop "「$root」に書き込めません。自分のフォルダーに取り出してから実行してください。"
    rm -rf -- "$folder"
    "$python" -m venv "$folder" || stop "仮想環境を作れませんでした。上の表示を確かめてください。"
    "$folder/bin/python" -m pip install --quiet --quiet --require-hashes --requirement "$lock" ||
        stop "部品を入れられませんでした。ネットワークを確かめて、もう一度実行してください。"
    printf '%s\n' "$sum" >"$folder/lock.sha256"
}
