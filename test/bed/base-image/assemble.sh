#!/bin/sh
# assemble.sh SYSTEM TRIPLET NODE NODE_MODULES EMULATOR CONTEXT: lays out the build context of the stand-in for AWS's
# Node.js base image. Shell tools and libraries come from the Debian system under SYSTEM, Node.js is the binary NODE,
# npm and the runtime interface client are in NODE_MODULES, the runtime interface emulator is the binary EMULATOR.
# Nothing of SYSTEM is executed: it may be of another architecture.
set -eu
system=${1%/} triplet=$2 node=$3 modules=$4 emulator=$5 context=$6
here=$(cd "$(dirname "$0")" && pwd)
root=$context/rootfs

copy() { # copy NAME TARGET DIRECTORY...: from the first directory that has it
  name=$1 target=$2
  shift 2
  for directory; do
    if [ -e "$directory/$name" ]; then
      cp -L "$directory/$name" "$target/"
      return
    fi
  done
  echo "cannot find $name in $*" >&2
  return 1
}

umask 022
rm -rf "$context"
for directory in usr/bin usr/local/bin usr/lib64 "usr/lib/$triplet" var/lang/bin var/lang/lib/node_modules var/runtime var/task \
  opt etc/ssl/certs etc/pki/tls/certs root proc sys dev run; do
  mkdir -p "$root/$directory"
done
install -d -m1777 "$root/tmp" "$root/var/tmp"
ln -s usr/bin "$root/bin"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"

for tool in dash basename cat chmod cp dirname env find grep head id ln ls mkdir mktemp mv rm rmdir sed sleep sort stat tail touch tr uname wc; do
  copy "$tool" "$root/usr/bin" "$system/usr/bin" "$system/bin"
done
ln -s dash "$root/usr/bin/sh"
for library in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 libutil.so.1 libnss_dns.so.2 libnss_files.so.2 \
  libgcc_s.so.1 libstdc++.so.6 libselinux.so.1 libpcre2-8.so.0 libacl.so.1 libattr.so.1; do
  copy "$library" "$root/usr/lib/$triplet" "$system/usr/lib/$triplet" "$system/lib/$triplet"
done
case $triplet in
  x86_64-*) copy ld-linux-x86-64.so.2 "$root/usr/lib64" "$system/usr/lib64" "$system/lib64" "$system/lib/$triplet" ;;
  aarch64-*) copy ld-linux-aarch64.so.1 "$root/usr/lib" "$system/usr/lib" "$system/lib" "$system/lib/$triplet" ;;
esac

cp -L "$node" "$root/var/lang/bin/node"
cp -R "$modules/npm" "$root/var/lang/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/var/lang/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/var/lang/bin/npx"

client=$modules/aws-lambda-ric/index.mjs
grep -q 'cjsRequire("./rapid-client.node")' "$client"
sed 's#cjsRequire("./rapid-client.node")#cjsRequire("./rapid-client.cjs")#' "$client" > "$root/var/runtime/index.mjs"
cp "$modules/aws-lambda-ric/package.json" "$here/rapid-client.cjs" "$root/var/runtime/"
install -m755 "$here/bootstrap" "$root/var/runtime/bootstrap"
install -m755 "$emulator" "$root/usr/local/bin/aws-lambda-rie"
install -m755 "$here/lambda-entrypoint.sh" "$root/lambda-entrypoint.sh"

# The host's bundle: where a proxy re-signs TLS, its certificate is in it, and installs inside a build need it.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/etc/pki/tls/certs/ca-bundle.crt"
printf 'root:x:0:0:root:/root:/bin/sh\nsbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n' > "$root/etc/passwd"
printf 'root:x:0:\nsbx_user1051:x:990:\n' > "$root/etc/group"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' > "$root/etc/nsswitch.conf"
printf 'NAME="stand-in for the AWS Lambda Node.js base image"\nID=lambda-stand-in\nVERSION_ID=1\n' > "$root/etc/os-release"
cp "$here/Dockerfile" "$context/"
