update resources
set body = :body, inner = :inner
where arn = :arn
