select
    {nth} as place,
    recommendations,
    generation,
    score_kind,
    updated_at
from {cache}.offline_user_recommendations
where user_id = %(key)s
