# A command engine: does what the first words of its config's "script" say.
document=$(cat)
script=$(printf '%s' "$document" | python3 -c 'import json,sys; print(json.load(sys.stdin)["config"]["script"])')
eval "$script"
