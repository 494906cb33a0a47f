#!/usr/bin/env bash
# Sends signed information and waits for the answer: ./submit.sh KAZ-3-2026 information.json answer.pdf …
source "$(dirname "$0")/settings.sh"
case_id=$1 information=$2
shift 2
for file in "$@"; do
  ask --request PUT --upload-file "$file" "$JAUAP_HTTP/documents/$(sha256sum "$file" | cut -d' ' -f1)" >/dev/null
done
ask "$JAUAP_HTTP/subjects/jauap.SupplyInformation/versions/latest" >"$scratch/schema.json"
python3 "$here/wire.py" encode "$scratch/schema.json" "$information" "$@" >"$scratch/submission"
id=$(cat /proc/sys/kernel/random/uuid)
end=$(kcat -F "$scratch/kcat.conf" -Q -t "$feed:0:-1" | sed 's/.*offset //')
kcat -F "$scratch/kcat.conf" -P -t "$submit" -k "$case_id" -H "ce_id=$id" "$scratch/submission"
offset=$end
until=$((SECONDS + 60))
while sleep 0.5; do
  ((SECONDS < until)) || { echo "no answer within 60 s: it comes on the feed, for submission $id" >&2; exit 1; }
  while read -r at kind; do
    offset=$((at + 1))
    case $kind in *jauap.SubmissionTaken* | *jauap.SubmissionRefused*)
      value_at "$at" >"$scratch/answer.json"
      if grep -q "$id" "$scratch/answer.json"; then
        cat "$scratch/answer.json"
        [[ $kind == *jauap.SubmissionTaken* ]]
        exit
      fi
      ;;
    esac
  done < <(kcat -F "$scratch/kcat.conf" -C -q -e -t "$feed" -p 0 -o "$offset" -f '%o %h\n')
done
