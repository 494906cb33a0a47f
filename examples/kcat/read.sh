#!/usr/bin/env bash
# Lists your feed: offset, case and headers of each item; with an offset, that item's content, and its documents.
#
#   ./read.sh              everything from the start to the end
#   ./read.sh 17           the item at offset 17
#   ./read.sh --from 17    from offset 17 to the end (also s@1772305200000: from an instant, milliseconds since 1970)
source "$(dirname "$0")/settings.sh"
case ${1:-} in
  '') kcat -F "$scratch/kcat.conf" -C -q -e -t "$feed" -p 0 -o beginning -f '%o %k %h\n' ;;
  --from) kcat -F "$scratch/kcat.conf" -C -q -e -t "$feed" -p 0 -o "$2" -f '%o %k %h\n' ;;
  *)
    value_at "$1" | tee "$scratch/item.json"
    python3 "$here/wire.py" documents "$scratch/item.json" | while read -r sha256; do
      mkdir -p documents
      ask "$JAUAP_HTTP/documents/$sha256" --output "documents/$sha256"
      echo "$sha256  documents/$sha256" | sha256sum --check --quiet
    done
    ;;
esac
