insert into resources (arn, kind, region, body, inner)
values (:arn, :kind, :region, :body, :inner)
