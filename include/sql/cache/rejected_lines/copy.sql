copy {cache}.rejected_lines (generation, subject, object_key, line_number, reason, detail, payload)
from stdin
