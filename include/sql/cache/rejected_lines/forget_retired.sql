delete from {cache}.rejected_lines
using {cache}.generations
where rejected_lines.generation = generations.generation and generations.state = 'retired'
