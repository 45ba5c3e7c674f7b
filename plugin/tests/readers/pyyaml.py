"""What PyYAML and json.dumps, and so `serve deploy`, make of YAML documents.

Each line of the input is a document as a JSON string; each line of the output is {"value": ...} or
{"error": ...}.
"""

import json
import sys

import yaml

for line in sys.stdin:
    try:
        value = json.dumps(yaml.safe_load(json.loads(line)), allow_nan=False)
        print('{"value": %s}' % value)
    except Exception as error:
        print(json.dumps({"error": type(error).__name__}))
