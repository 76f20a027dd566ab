-- What maintain deletes from in one group's cache.
vacuum (analyze, skip_locked) {cache}.generations, {cache}.rejected_lines
