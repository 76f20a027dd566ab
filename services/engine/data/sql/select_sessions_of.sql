select distinct session
from records
where dataset = :dataset
    and subject in (select value from json_each(:subjects))
    and session is not null
