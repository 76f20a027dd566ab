select generation
from {cache}.generations
where state = %(state)s
