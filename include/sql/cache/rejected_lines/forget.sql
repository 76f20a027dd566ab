delete from {cache}.rejected_lines
where generation = %(generation)s and subject = %(subject)s
