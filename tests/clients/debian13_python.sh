#!/bin/sh
# Makes FOLDER/bin/python: Python 3.13, with the modules in FOLDER/packages.
#
# Debian 12 has no Python after 3.11. This one comes from Debian 13, with the libraries that it needs, and is
# unpacked into FOLDER/root alone: apt-get checks the signatures, dpkg-deb unpacks, nothing is installed.
set -eu
folder=$1
rm -rf "$folder"
mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial" "$folder/bin" "$folder/root"
folder=$(cd "$folder" && pwd)

# The mirror is the machine's own.
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get --print-uris update | sed -n "s,^'\(.*\)/dists/$codename/InRelease'.*,\1,p" | head -n 1)
[ -n "$mirror" ] || { echo "Python 3.13 is taken from Debian's mirror, and this machine has none in its sources."; exit 1; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$folder/apt/sources.list"
apt_get() {
    apt-get -qq -o "Dir::Etc::sourcelist=$folder/apt/sources.list" -o Dir::Etc::sourceparts=- \
        -o "Dir::State::lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt/cache" \
        -o Dir::State::status=/dev/null -o APT::Install-Recommends=0 -o Debug::NoLocking=1 "$@"
}
apt_get update
apt_get install --yes --download-only python3.13-minimal libpython3.13-stdlib libgcc-s1 >/dev/null
for package in "$folder"/apt/cache/archives/*.deb; do
    dpkg-deb --extract "$package" "$folder/root"
done
rm -rf "$folder/apt"

# With its own C library, through the loader of that.
cat >"$folder/bin/python" <<'END'
#!/bin/sh
folder=$(dirname "$(readlink -f "$0")")/..
libraries=$(echo "$folder"/root/usr/lib/*-linux-gnu)
export PYTHONPATH="$folder/packages"
exec "$libraries"/ld-linux-*.so.? --library-path "$libraries" "$folder/root/usr/bin/python3.13" "$@"
END
chmod +x "$folder/bin/python"
