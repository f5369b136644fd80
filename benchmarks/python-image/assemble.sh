#!/bin/sh
# assemble.sh CONTEXT PACKAGES EXTENSION...: lays out the build context of an image with Debian's own Python, which is built with all of its
# optimizations, the Python packages in the directory PACKAGES, and extension files.
set -eu
context=$1 packages=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
python=$(readlink -f /usr/bin/python3)
library=/usr/lib/$(basename "$python")

umask 022
rm -rf "$context"
mkdir -p "$context/python/usr/bin" "$context/python$library" "$context/extensions"
cp "$python" "$context/python/usr/bin/"
ln -s "$(basename "$python")" "$context/python/usr/bin/python3"
# What a program never imports is left out, as in images for Lambda.
(cd "$library" && tar -ch --exclude=./test --exclude=./idlelib --exclude=./ensurepip --exclude=./sitecustomize.py --exclude='*/__pycache__' \
  --exclude='*_test*.so' --exclude='./config-*' .) | tar -x -C "$context/python$library"
ldd "$python" "$library"/lib-dynload/*.so | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p' | sort -u | grep -Ev '/(libc|libm)\.so' | while read -r file; do
  mkdir -p "$context/python/usr/lib/$(basename "$(dirname "$file")")"
  cp -L "$file" "$context/python/usr/lib/$(basename "$(dirname "$file")")/"
done
cp -R "$packages" "$context/packages"
rm -rf "$context/packages/bin"
find "$context/packages" -name __pycache__ -prune -exec rm -rf {} +
cp "$@" "$context/extensions/"
cp "$here/Dockerfile" "$context/"
