# Sourced by ./run and ./test from the repository root: packages and the release build.

case "${SEINE_LANG:-${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}}" in
  zh*) seine_chinese=1 ;;
  *) seine_chinese= ;;
esac

# say ENGLISH CHINESE: one line for the person, on stderr.
say() { if [ -n "$seine_chinese" ]; then echo "seine: $2" >&2; else echo "seine: $1" >&2; fi; }

# need_packages SECTION…: installs what packages.txt lists under "# SECTION…" and dpkg does not have.
need_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system: install what packages.txt lists by your own means" \
        "非 Debian 系统：请自行安装 packages.txt 中列出的软件"
    return 0
  fi
  local wanted missing installed
  wanted=$(awk -v sections=" $* " '/^# / { sub(":", "", $2); on = index(sections, " " $2 " ") } /^[a-z]/ && on { print $1 }' packages.txt)
  installed=$(dpkg-query -W -f '${Package} ${Status}\n' $wanted 2>/dev/null | awk '/ok installed$/ { print $1 }' || true)
  missing=$(comm -23 <(sort <<<"$wanted") <(sort <<<"$installed"))
  # A program that came another way (Node.js from its makers brings npm) is not installed twice.
  missing=$(for name in $missing; do command -v "$name" >/dev/null || echo "$name"; done)
  [ -z "$missing" ] && return 0

  say "these packages are missing and will be installed:" "缺少以下软件包，将进行安装："
  grep -E "^($(paste -sd'|' <<<"${missing//+/\\+}")) " packages.txt | sed 's/^/  /' >&2
  local sudo=
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      say "installing needs root and there is no sudo; run as root: apt-get install" $missing \
          "安装需要 root 权限且没有 sudo；请以 root 运行：apt-get install" $missing
      exit 1
    fi
    sudo=sudo
    say "apt-get needs root, so sudo may ask for your password" "apt-get 需要 root 权限，sudo 可能会询问密码"
  fi
  local log=build/apt.log
  mkdir -p build
  if ! { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    say "the packages could not be installed; the whole log is $log" "软件包安装失败；完整日志见 $log"
    exit 1
  fi
}

# build_release TARGET…: configures once, then builds.
build_release() {
  if [ ! -f build/release/build.ninja ]; then
    say "configuring" "正在配置"
    mkdir -p build
    if ! cmake --preset release >build/configure.log 2>&1; then
      tail -n 20 build/configure.log >&2
      say "configuration failed; the whole log is build/configure.log" "配置失败；完整日志见 build/configure.log"
      rm -f build/release/build.ninja
      exit 1
    fi
  fi
  # Ninja's own progress line on a terminal; a log otherwise.
  if [ -t 2 ]; then
    cmake --build --preset release --target "$@" >&2 || exit 1
  elif ! cmake --build --preset release --target "$@" >build/build.log 2>&1; then
    grep -E "error:|FAILED" build/build.log | head -n 20 >&2 || true
    say "the build failed; the whole log is build/build.log" "构建失败；完整日志见 build/build.log"
    exit 1
  fi
}
