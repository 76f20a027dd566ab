-- Of several lines for one id the last one counts.
delete from {cache}.offline_user_recommendations__next as earlier
using {cache}.offline_user_recommendations__next as later
where earlier.user_id = later.user_id and earlier.ctid < later.ctid
