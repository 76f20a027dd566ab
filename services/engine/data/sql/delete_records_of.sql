delete from records
where dataset = :dataset
    and (
        subject in (select value from json_each(:subjects))
        or (subject = session and session in (select value from json_each(:sessions)))
    )
